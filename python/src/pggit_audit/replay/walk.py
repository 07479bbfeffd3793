"""The walk through the history: every statement runs again in the shadow, in the order of its rows.

PostgreSQL is the interpreter. After each statement the objects that it touched are read again, and the
difference is handed out to the rows that v1 recorded for it; what no row explains becomes an inferred
event of the same commit. Only this module knows the order of things.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pggit_audit.catalog import DatabaseObject, Key, with_unique_identities
from pggit_audit.history import HistoryRow
from pggit_audit.replay.attached import Attached
from pggit_audit.replay.attempt import Attempts, Outcome
from pggit_audit.replay.between import in_between
from pggit_audit.replay.code import calls_a_procedure, may_hide_code, may_make_ddl
from pggit_audit.replay.corrections import Corrections
from pggit_audit.replay.dated import DatedSteps
from pggit_audit.replay.events import Event, EventWriter, finding
from pggit_audit.replay.execution import Execution, executions, has_lost_rows, may_explain
from pggit_audit.replay.fallback import Fallback
from pggit_audit.replay.hidden import runs_what_looks
from pggit_audit.replay.identities import Identities
from pggit_audit.replay.looks import fires, has_of_the_shadow, looks_at_data, told_all_the_same
from pggit_audit.replay.matching import Match, Matching, implied_drops, rows_of_code
from pggit_audit.replay.members import altered_member, members, of_code
from pggit_audit.replay.own_words import left_open, says_all, went_with_a_view
from pggit_audit.replay.pending import PendingSteps
from pggit_audit.replay.preexisting import Preexisting
from pggit_audit.replay.provenance import Inferred, Provenance
from pggit_audit.replay.shown import as_rows_show
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import Difference, routines_as_made
from pggit_audit.replay.tree import Tree, reconciliation
from pggit_audit.replay.unrecorded import Unrecorded
from pggit_audit.rules import DEPENDS_ON_DATA, SESSION_SETTING, WITHOUT_PRIVILEGES, dates
from pggit_audit.rules.situation import Evidence, Repair
from pggit_audit.rules.strings import as_meant
from pggit_audit.settings import ends_transaction
from pggit_audit.shadow import Shadow
from pggit_audit.statements import Name, Statement

Observer = Callable[[HistoryRow, Statement, Outcome], None]
"""Is told of each statement that was tried: the row that it may be of, and what it came to."""


class Replay:
    """Replays one branch in one shadow.

    Args:
        shadow: an open shadow database, empty but for what the branch starts from.
        evidence: what is known beyond the statement at hand.
        branch_name: for the events.
        routine_oids: v1's names of routines (their oids at home) that are known already, with
            schema and `name(types)`.
        tree: definitions by path that the branch starts from, if they were published; else they are
            read from the shadow.
        observe: is told of each statement.
    """

    def __init__(
        self,
        shadow: Shadow,
        evidence: Evidence,
        branch_name: str,
        routine_oids: Mapping[str, Name] | None = None,
        tree: Mapping[str, str] | None = None,
        observe: Observer | None = None,
    ) -> None:
        self._branch = branch_name
        self._evidence = evidence
        self._observe = observe
        self._situation = situation = Situation(shadow)
        self._tree = Tree(tree, situation.state.by_path())
        self._provenance = provenance = Provenance(situation, evidence)
        self._identities = identities = Identities(situation, routine_oids)
        self._attempts = Attempts(situation, evidence)
        self._pending = PendingSteps(situation, evidence, provenance)
        if tree is not None:
            self._pending.foresee_of_published()
        self._dated = DatedSteps(situation, evidence, self._attempts, provenance, tree is not None)
        self._attached = Attached(situation, evidence, provenance)
        # A published tree has all that is older than the history.
        self._preexisting = (
            Preexisting(situation, evidence, self._attempts, provenance) if tree is None else None
        )
        self._matching = Matching(situation, identities, evidence.history)
        self._unrecorded = Unrecorded(situation, evidence)
        self._corrections = Corrections(situation, evidence, identities, self._pending, provenance)
        self._writer = EventWriter(branch_name, situation, identities, provenance)
        self._fallback = Fallback(
            situation,
            evidence,
            identities,
            self._attempts,
            self._matching,
            provenance,
            self._pending,
            self._writer,
        )
        # An empty database is no empty tree: the schema public is in it, and an event has to say so.
        self._opening: list[Inferred] = [
            (Difference(path, None, found), [])
            for path, found in situation.state.by_path().items()
            if tree is None
        ]
        # What executions changed of which every row was left out: it comes with the next row that is not.
        self._carried: list[Inferred] = []
        self._notices: list[dict[str, str]] = []

    def run(self, rows: Sequence[HistoryRow]) -> Iterator[Event]:
        """Events of `rows`, execution by execution; whoever wants them not goes through them all the same."""
        for execution in executions(rows, self._evidence):
            yield from self._tree.chained(self._noticed(self._opened(self._execution(execution), execution)))

    def go_on_from(self, tree: Mapping[str, str]) -> None:
        """What is published by now: the events to come go on from it, whatever those before them came to."""
        self._tree = Tree(tree, self._situation.state.by_path())

    def reconcile(
        self, live: Iterable[DatabaseObject], published: Mapping[str, DatabaseObject] | None = None
    ) -> Iterator[Event]:
        """The events that make the tree at HEAD equal the live schema exactly.

        Args:
            live: the live catalog's objects.
            published: the objects that the branch starts from, by path.
        """
        ours: dict[str, DatabaseObject | Event] = {**(published or {}), **self._tree.events}
        ours.update(self._situation.state.by_path())
        theirs = {o.object_identity: o for o in with_unique_identities(list(live))}
        yield from self._tree.chained(reconciliation(self._branch, self._tree.definitions, ours, theirs))

    def _opened(self, events: Iterable[Event], rows: Sequence[HistoryRow]) -> Iterator[Event]:
        """What the database began with comes with the first row that is not left out."""
        for event in events:
            if self._opening and event.origin != "excluded":
                opening, self._opening = self._opening, []
                anchor = next(r for r in rows if r.version_id == event.anchor_version_id)
                yield from self._writer.inferred(opening, anchor)
            yield event

    def _execution(self, rows: Sequence[HistoryRow]) -> Iterator[Event]:
        """Everything that happened from the execution before to the end of this one."""
        kept = [row for row in rows if row.exclusion_reason is None]
        for row in rows:
            if row.exclusion_reason is not None:
                yield self._writer.excluded(row, row.exclusion_reason)
        if not kept:
            return
        execution = Execution.of(kept, self._carried, self._evidence)
        execution.left_out = [row for row in rows if row.exclusion_reason is not None]
        self._carried = []
        if self._preexisting is not None:
            entered = self._preexisting.enter(kept[0])
            execution.waiting += [*self._attempts.left_over(), *entered]
        execution.waiting += self._dated.take(kept[0], early=True)
        execution.waiting += self._pending.take(kept[0], early=True)
        if self._evidence.moments:
            execution.waiting += self._attached.enter(early=True)
        yield from self._statements(execution)
        left = len(kept)
        while execution.may_have_come_again and len(execution.remaining) < left:
            left = len(execution.remaining)
            yield from self._statements(execution, again=True)
        if execution.remaining:
            for row in execution.remaining:
                yield from self._fallback.unexplained(row, execution)
                self._pending.foresee_columns(row)
            execution.waiting = [*self._as_left(execution.waiting)]
        execution.waiting += self._pending.take(kept[-1])
        execution.waiting += self._dated.take(kept[-1])
        execution.waiting += self._attached.enter()
        told = [row for row in kept if row.version_id not in execution.members]
        if told:
            yield from self._writer.inferred(execution.waiting, told[-1])
        else:
            # A row that is left out has no commit.
            self._carried = execution.waiting

    def _as_left(self, waiting: Sequence[Inferred]) -> Iterator[Inferred]:
        """What changed before rows were accounted for in other ways, as these left it: some of it is gone again."""
        state = self._situation.state
        there = state.by_path()
        for difference, repairs in waiting:
            now = state.as_it_is(difference)
            if now is not None and (now.new is not None or now.path not in there):
                yield now, repairs

    def _statements(self, execution: Execution, again: bool = False) -> Iterator[Event]:
        """Every statement of the execution, each in the session that its text prepared.

        `again`: they ran already, and are tried once more as they are.
        """
        situation = self._situation
        situation.begin_session()
        for one in execution.in_turn():
            if not again:
                yield from self._no_longer_explained(one, execution)
            for statement in self._as_shown(one, execution):
                if statement.action == "unreadable":
                    execution.failures.append(("unreadable_text", statement.tag))
                    continue
                if ends_transaction(statement):
                    situation.end_transaction()
                fired = execution.is_silent_about_the_next and fires(statement, situation.state)
                if fired:
                    statement = replace(statement, action="code")
                if statement.action in ("ignored", "refused"):
                    yield from self._fallback.not_run(statement, execution)
                    continue
                situation.read_routines_of_session(statement)
                statement = situation.until_commit(statement)
                if statement.action == "code" and not (
                    fired
                    or may_make_ddl(statement, situation.state)
                    or calls_a_procedure(statement, self._evidence.live)
                ):
                    continue
                row = execution.next_row or execution.last
                situation.read_names_as(row, statement, execution.says_schema(row))
                situation.at(row)
                if statement.action == "setting":
                    situation.take_setting(statement)
                    continue
                yield from self._statement(statement, execution, as_it_is=again or fired)
        situation.shadow.end_execution()

    def _no_longer_explained(self, statement: Statement, execution: Execution) -> Iterator[Event]:
        """Accounts for rows, before a statement, that neither it nor what follows can explain: they came before, and
        would stand in the way of those behind them."""
        if (
            statement is execution.statements[0]
            or not (statement.leaves_rows or statement.action == "code")
            or execution.may_have_come_again
        ):
            return
        rows, to_come = execution.remaining, (statement, *execution.following)
        while rows:
            if execution.is_silent_about_the_next and may_hide_code(self._situation.state):
                return
            if any(may_explain(s, rows[0]) for s in to_come):
                return
            yield from self._fallback.unexplained(rows[0], execution)
            self._pending.foresee_columns(rows.popleft())
            execution.waiting = [*self._as_left(execution.waiting)]

    def _as_shown(self, statement: Statement, execution: Execution) -> Sequence[Statement]:
        """The statements that code was, as its rows show; itself, where they do not."""
        if statement.action != "code" or has_lost_rows(execution.rows, self._evidence):
            return (statement,)

        def is_plain(routine: DatabaseObject) -> bool:
            return self._provenance.rests_on(routine) is None

        return as_rows_show(statement, execution, self._situation.state, is_plain) or (statement,)

    def _noticed(self, events: Iterable[Event]) -> Iterator[Event]:
        """What the history made of the role that runs it is said with the next event that has a commit."""
        for event in events:
            if self._notices and event.origin != "excluded":
                event = replace(event, findings=[*event.findings, *self._notices])
                self._notices.clear()
            yield event

    def _statement(self, statement: Statement, execution: Execution, as_it_is: bool) -> Iterator[Event]:
        """One statement: what it takes to run it, what it changed, and the rows that tell of it.

        `as_it_is`: nothing is mended where it fails, and nothing said.
        """
        row = execution.next_row
        if row is not None:
            execution.waiting += self._corrections.before(statement, row)
        if self._unrecorded.found_nothing(statement, execution) or self._unrecorded.is_left_out(
            statement, execution
        ):
            return
        recorded = statement
        statement, readings = as_meant(self._evidence, statement, row or execution.last, execution.strings)
        outcome = self._attempts.run(statement, row, as_it_is)
        if self._observe is not None:
            self._observe(row or execution.last, statement, outcome)
        if statement.action == "code" or statement.runs_query:
            self._notices += self._situation.shadow.after_code()
        elif self._situation.state.routines():
            # To build an index, to check or to fill rows, PostgreSQL runs the team's functions.
            self._notices += self._situation.shadow.role_again()
        execution.waiting += self._attempts.left_over()
        history = self._evidence.history
        altered = altered_member(statement, execution, outcome.differences, history, self._situation)
        if altered is not None:
            why = f"row {altered.version_id} altered or replaced a routine of an extension, which no definition has"
            self._notices.append(finding("extension_altered", why))
            execution.members.add(altered.version_id)
            yield self._writer.excluded(altered, "member of a created extension")
            return
        if not outcome.ran and as_it_is:
            return
        if not outcome.ran:
            yield from self._fallback.failed(statement, execution, outcome)
            yield from self._extension_members(statement, execution, ())
            return
        self._corrections.name_as_recorded(statement, execution, outcome)
        wrong = self._unrecorded.contradicted(statement, outcome.differences, execution)
        if wrong:
            self._unrecorded.take_back(wrong, outcome.differences)
        if statement.action == "code":
            routines_as_made(outcome.differences)
            yield from self._extension_members(statement, execution, outcome.differences, beside_others=True)
        matched = self._matching.match(statement, execution, outcome.differences)
        fixes = self._corrections.align_columns(statement, matched, outcome)
        yield from self._extension_members(statement, execution, outcome.differences)
        others = [d for d in outcome.differences if not d.taken]
        repairs = [
            replace(r, about=execution.about) if r.rule is WITHOUT_PRIVILEGES else r
            for r in (*outcome.repairs, *fixes, *readings)
        ]
        execution.made |= {d.new.key for d in others if d.old is None and d.new is not None}
        self._provenance.note(repairs)
        self._provenance.note_elsewhere(statement)
        shadow, state = self._situation.shadow, self._situation.state
        of_shadow = has_of_the_shadow(statement, outcome.differences, state, (shadow.name, shadow.role))
        reads = looks_at_data(statement, state) if outcome.differences else None
        looks = reads or of_shadow or runs_what_looks(statement, outcome.differences, state)
        told: set[Key] = set()
        if looks is not None:
            looks = replace(looks, about=execution.about)
            repairs.append(looks)
            if reads and not of_shadow and not fixes:
                told = told_all_the_same(recorded, matched, execution.remaining, state)
            made = (d.new.key for d in outcome.differences if d.new is not None and d.new.key not in told)
            self._provenance.note_again(made, looks.cause)
        if not matched:
            execution.waiting += [(d, repairs) for d in others]
            for other in others:
                self._pending.foresee_attached(row or execution.last, other)
            return
        for setting in (r for r in repairs if r.rule is SESSION_SETTING):
            self._provenance.note_again(
                {d.new.key for _, d in matched if d is not None and d.new is not None}, setting.cause
            )
        dropped = {**implied_drops(matched, repairs), **self._matching.vanished}
        yield from self._rows(statement, execution, matched, others, dropped, repairs, told)
        for row, difference in matched:
            self._pending.foresee(row, difference)
        for other in others:
            self._pending.foresee(matched[0][0], other)

    def _rows(
        self,
        statement: Statement,
        execution: Execution,
        matched: Sequence[Match],
        others: Sequence[Difference],
        dropped: Mapping[int, Difference],
        repairs: list[Repair],
        told_anyway: Collection[Key],
    ) -> Iterator[Event]:
        """The events of a statement's rows, each with what changed beside it.

        `told_anyway`: of these tables, what a block looked at leaves nothing open.
        """
        belongs = _belonging(others, matched)
        for i, (row, difference) in enumerate(matched):
            # What has the path of an object that the row drops was made behind it.
            gone = difference.path if difference is not None and difference.new is None else None
            before: list[Inferred] = [(d, repairs) for d in belongs.get(i, ()) if d.path != gone]
            behind: list[Inferred] = [(d, repairs) for d in belongs.get(i, ()) if d.path == gone]
            own = repairs if i == 0 else [r for r in repairs if r.inferred == (row.object_schema, row.name)]
            if i == 0:
                before = [*execution.waiting, *before]
                execution.waiting.clear()
            if i in dropped:
                before.append((dropped[i], repairs))
            own = [
                *own,
                *(r for r in repairs if r.rule in (DEPENDS_ON_DATA, WITHOUT_PRIVILEGES) and r not in own),
            ]
            if difference is not None and difference.new is not None and difference.new.key in told_anyway:
                own = [r for r in own if r.rule is not DEPENDS_ON_DATA]
            if difference is not None and difference.between:
                own = [*own, replace(in_between(row), about=execution.about)]
            elif statement.action == "code":
                own += (replace(r, about=execution.about) for r in rows_of_code(i, matched, execution))
            read = self._read_by_session(statement, row, difference)
            if read is not None:
                own = [*own, read]
            on = (row.object_schema, statement.on[1]) if statement.on is not None else None
            of_view = went_with_a_view(self._evidence.history, row, statement)
            told = of_view or (on is not None and self._provenance.lives(on))
            open_steps = left_open(own, statement, row, difference, i in dropped, told)
            plain = (
                says_all(statement, row, difference)
                and on is not None
                and (of_view or not self._provenance.is_guess(on, told))
            )
            yield from self._writer.inferred(before, row)
            yield self._writer.of_row(row, difference, open_steps, says_all=plain)
            yield from self._writer.inferred(behind, row)

    def _read_by_session(
        self, statement: Statement, row: HistoryRow, difference: Difference | None
    ) -> Repair | None:
        """What the object of a row has of a literal that the session's settings tell how to read."""
        if difference is None or difference.new is None:
            return None
        old, new = difference.old, difference.new
        found = dates.read_by_session(
            self._evidence,
            statement,
            row,
            old.definition if old is not None else None,
            new.definition,
            self._situation.sets_zone,
        )
        if found is not None:
            self._provenance.note_again([new.key], found.cause)
        return found

    def _extension_members(
        self,
        statement: Statement,
        execution: Execution,
        differences: Sequence[Difference],
        beside_others: bool = False,
    ) -> Iterator[Event]:
        """The rows of what an extension brought are left out; what kept it from being made is said beside them.

        `beside_others`: those of code that are told from the rows of routines which it made as well.
        """
        made = [d.new.object_name for d in differences if d.new and d.new.object_type == "EXTENSION"]
        if statement.tag in ("CREATE EXTENSION", "ALTER EXTENSION"):
            made += [name for _, name in statement.targets]
        if not made:
            return
        if beside_others:
            found = of_code(made, execution, differences, self._situation)
        else:
            found = list(members(made, statement, execution, self._situation))
        execution.members |= {row.version_id for row in found}
        if found and execution.failures:
            _, why = execution.failures[-1]
            told = f"{why}; the extension comes with the live catalog"
            self._notices.append(finding("extension_not_made", told))
        for row in found:
            yield self._writer.excluded(row, "member of a created extension")


def _belonging(others: Sequence[Difference], matched: Sequence[Match]) -> dict[int, list[Difference]]:
    """By the index of the matched row: what no row explains, with the row whose object it names.

    A sequence made for the second table of a statement comes with that table: an earlier commit
    could not be rebuilt with it.
    """
    result: dict[int, list[Difference]] = {}
    first: dict[str, int] = {}
    dropped: dict[str, int] = {}
    for i, (_, difference) in enumerate(matched):
        if difference is not None:
            first.setdefault(difference.path, i)
            if difference.new is None:
                dropped[difference.path] = i
    for other in others:
        text = other.object.definition
        named = [
            i
            for path, i in first.items()
            if path in text and re.search(rf'(?<![\w"]){re.escape(path)}(?![\w"])', text)
        ] or [0]
        if other.path in dropped:
            # It was made again behind its drop.
            named.append(dropped[other.path])
        result.setdefault(min(named) if other.new is None else max(named), []).append(other)
    return result
