"""One statement with the repairs that it takes: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import psycopg

from pggit_audit.catalog import RELATIONS, DatabaseObject
from pggit_audit.definitions import qualified
from pggit_audit.history import HistoryRow
from pggit_audit.replay.code import reached
from pggit_audit.replay.provenance import Inferred
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import ROUTINES, Difference, combine
from pggit_audit.rules import (
    DEPENDS_ON_DATA,
    IMPLIED_DROP,
    NOT_YET_RENAMED,
    TYPE_FROM_LIVE_CATALOG,
    WITHOUT_PRIVILEGES,
    clock,
    failures,
    naming,
    privileges,
    routines,
)
from pggit_audit.rules.other_words import as_if, with_routines
from pggit_audit.rules.schemas import MISSING, makes_what_v1_has, v1_as_live
from pggit_audit.rules.situation import Bounds, Evidence, Failure, Repair
from pggit_audit.statements import Statement, split

# How many inferred steps one statement may need before it counts as beyond repair.
_MOST_ATTEMPTS = 25
# What a CREATE makes is there.
_THERE = ("42P07", "42710", "42723")
# A name made twice, as by a clock that stands still; a transaction that code may not end within other code.
_CLOCK_MUST_RUN = ("42P07", "42P06", "42710", "42701", "42723", "2D000")
# Of several routines of a name, which one is in the way is not said.
_SAME_ROUTINE = "42723"
_NO_ROUTINE = "42883"
# A role that is not there, or that may not be made, changed or dropped; rights that are not the shadow's to give.
_NEEDS_PRIVILEGES = ("42704", "42710", "42501", "42939", "22023", "0LP01", "0A000", "2BP01")
# How far inferred steps may need others in turn.
_DEEPEST = 8


@dataclass
class Outcome:
    """What running one statement came to: the steps that it took, and what changed with them.

    Steps that cannot share a transaction with the statement stay, and are told, even where it never ran.
    """

    ran: bool
    repairs: list[Repair]
    differences: list[Difference]
    error: psycopg.Error | None = None
    # What it makes is there by a step that it took.
    needless: bool = False


@dataclass
class _Script:
    """A statement and the steps around it, as the next attempt runs them."""

    statement: Statement
    # In the statement's own transaction, or (`rewrite`) in its place.
    repairs: list[Repair] = field(default_factory=list)
    # In transactions of their own, behind us.
    done: list[Repair] = field(default_factory=list)
    # To be taken behind the statement, each if it fits.
    behind: list[Repair] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)
    # The steps before the drop of a routine that was taken for the one in the way.
    before_drop: list[Repair] | None = None
    # The statement with the time of its row, but without the name of its author, which is no role here.
    by_nobody: Repair | None = None
    author: str | None = None
    without_privileges: bool = False
    # What it was before, until that is known to help, and the failure for which it is so.
    with_privileges: tuple[_Script, psycopg.Error] | None = None

    def before(self) -> list[str]:
        """The steps that run before the statement."""
        return [r.statement for r in self.repairs if not r.rewrite]

    def main(self) -> str:
        """The statement itself, in the words that it is to be run in."""
        text = next((r.statement for r in reversed(self.repairs) if r.rewrite), self.statement.text)
        if self.before() and text == self.statement.text:
            return self.statement.without_concurrently()
        return text

    def lets_the_clock_run(self) -> bool:
        """Takes the statement as it is recorded, if it was not yet; whether that is something else."""
        told = [r for r in self.repairs if r.rule is DEPENDS_ON_DATA and r.rewrite]
        self.repairs = [r for r in self.repairs if r not in told]
        return bool(told)

    def misses_its_author(self, error: psycopg.Error) -> bool:
        """Takes the statement without the name of its author, if the error is about that; whether it had it."""
        if self.author is None or self.author not in (error.diag.message_primary or ""):
            return False
        self.author = None
        if not self.lets_the_clock_run():
            return False
        self.repairs += [self.by_nobody] if self.by_nobody is not None else []
        return True

    def puts_back(self) -> None:
        """Takes back the drop of a routine, if there is still one in the way behind it: it was another one."""
        if self.before_drop is not None:
            self.repairs = self.before_drop
        self.before_drop = [*self.repairs]

    def takes_privileges_back(self, error: psycopg.Error) -> None:
        """Takes the statement as it is recorded, if it failed in the same way without what needs privileges."""
        if self.with_privileges is None:
            return
        was, failed = self.with_privileges
        self.with_privileges = None
        if (error.sqlstate, error.diag.message_primary) == (failed.sqlstate, failed.diag.message_primary):
            self.statement, self.repairs = was.statement, was.repairs
            self.by_nobody, self.author = was.by_nobody, was.author

    def leaves_out_its_database(self, error: psycopg.Error) -> bool:
        """Takes the statement without the name of its database, if the error is about that; whether it had it."""
        text = naming.without_database(self.statement, error.diag.message_primary or "")
        if text is None or any(r.rewrite for r in self.repairs):
            return False
        self.statement = split(text)[0]
        return True

    def place(self, index: int) -> int:
        """Where in `repairs` the step number `index` of `before` is; their end for the statement itself."""
        places = [i for i, r in enumerate(self.repairs) if not r.rewrite]
        return places[index] if index < len(places) else len(self.repairs)

    def failing(self, index: int) -> Statement:
        before = self.before()
        if index == len(before):
            return self.statement
        return (split(before[index]) or (self.statement,))[0]


class Attempts:
    """Runs statements with as many repairs as each takes."""

    def __init__(self, situation: Situation, evidence: Evidence) -> None:
        self._situation = situation
        self._evidence = evidence
        self._depth = 0
        self._left: list[Inferred] = []

    def left_over(self) -> list[Inferred]:
        """What steps changed that stay although what they were taken for could not be done."""
        left, self._left = self._left, []
        return left

    def run(
        self,
        statement: Statement,
        row: HistoryRow | None = None,
        as_it_is: bool = False,
        inferred: bool = False,
    ) -> Outcome:
        """Runs a statement, of this row if it is one of the history: all of it, or nothing.

        `as_it_is`: nothing is mended where it fails. `inferred`: it is a step itself.
        """
        script = _Script(statement)
        if row is not None:
            script.repairs += self._known_beforehand(statement, row)
            self._take_as_of_row(script, row, self._called(statement))
        error: psycopg.Error | None = None
        for _ in range(_MOST_ATTEMPTS):
            before, main = script.before(), script.main()
            index, error = self._situation.run([*before, main])
            if error is None:
                done = statement if main == statement.text else main
                combine(script.differences, self._situation.observe(*before, done))
                script.done += self._fitting(script.behind, script)
                rests = v1_as_live(self._evidence, statement)
                return Outcome(True, script.done + script.repairs + rests, script.differences)
            if index == len(before) and makes_what_v1_has(self._evidence, error, statement):
                return Outcome(True, script.done, script.differences)
            if inferred and script.done and index == len(before) and error.sqlstate in _THERE:
                return Outcome(True, script.done, script.differences, needless=True)
            script.takes_privileges_back(error)
            if error.sqlstate in _NEEDS_PRIVILEGES and self._leaves_out_privileges(script, row, error):
                continue
            if as_it_is or error.sqlstate == "40P01" or isinstance(error, psycopg.errors.QueryCanceled):
                break
            if self._v1_comes_in(error, script.failing(index)):
                continue
            if self._look_elsewhere(error, script.failing(index)):
                continue
            if index == len(before) and error.sqlstate == "0A000" and script.leaves_out_its_database(error):
                continue
            if error.sqlstate in _CLOCK_MUST_RUN and script.lets_the_clock_run():
                continue
            if script.misses_its_author(error):
                continue
            if index == len(before) and error.sqlstate == _SAME_ROUTINE:
                script.puts_back()
                index = len(script.before())
            proposal = self._proposal(error, script, index)
            if proposal is not None:
                self._adopt(proposal, script, index)
            elif index < len(before):
                # The step itself cannot be taken: without it, the next best may.
                del script.repairs[script.place(index)]
            else:
                break
        return Outcome(False, script.done, script.differences, error)

    def alone(self, repair: Repair) -> Outcome | None:
        """Takes a step by itself; what that came to, or None where it cannot be taken.

        A step may need others first: a table its types, a view its tables.
        """
        if self._depth > _DEEPEST:
            return None
        self._depth += 1
        try:
            first = (split(repair.statement) or (Statement(repair.statement, "ddl"),))[0]
            outcome = self.run(replace(first, text=repair.statement), inferred=True)
        finally:
            self._depth -= 1
        repairs = [_at_any_time(r) for r in outcome.repairs]
        if not outcome.ran:
            self._left += [(d, repairs) for d in outcome.differences]
            return None
        return replace(outcome, repairs=repairs)

    def with_its_types(self, repair: Repair) -> Outcome | None:
        """Takes a step; types that it needs come first, if the live catalog has them. None where it cannot be taken."""
        _, error = self._situation.run([repair.statement])
        if error is None:
            return Outcome(True, [], self._situation.observe(repair.statement))
        proposals = failures.proposals(
            self._evidence, error, Statement(repair.statement, "ddl"), self._situation
        )
        if proposals and proposals[0].rule is TYPE_FROM_LIVE_CATALOG:
            return self.alone(repair)
        return None

    def with_older_names(self, repair: Repair) -> Outcome | None:
        """Takes a step, with tables under the names that they had; None where it needs anything else."""
        for _ in range(_MOST_ATTEMPTS):
            _, error = self._situation.run([repair.statement])
            if error is None:
                return Outcome(True, [], self._situation.observe(repair.statement))
            proposals = failures.proposals(self._evidence, error, split(repair.statement)[0], self._situation)
            if not proposals or proposals[0].rule is not NOT_YET_RENAMED:
                return None
            repair = replace(repair, statement=proposals[0].statement)
        return None

    def _known_beforehand(self, statement: Statement, row: HistoryRow) -> list[Repair]:
        """The steps that the row itself proves, or its session."""
        repairs = []
        if statement.verb == "CREATE" and statement.if_exists:
            # v1 recorded a CREATE, so IF NOT EXISTS found nothing.
            for schema, bare in statement.targets:
                found = self._situation.relation((schema or self._situation.schemas[0], bare))
                if found is not None and row.change_type == "CREATE" and row.name == bare:
                    kind = found.object_type.replace("_", " ")
                    repairs.append(
                        Repair(
                            IMPLIED_DROP,
                            f"DROP {kind} {qualified((found.object_schema, found.object_name))} CASCADE;",
                            "the recorded CREATE ... IF NOT EXISTS ran, so there was none",
                        )
                    )
        if not self._situation.sets_schemas:
            repairs += routines.session_settings(
                self._evidence, statement, self._situation.schemas[0], self._situation.position
            )
        return repairs

    def _called(self, statement: Statement) -> list[DatabaseObject]:
        """The team's routines that code may call."""
        return reached(statement.text, self._situation.state) if statement.action == "code" else []

    def _leaves_out_privileges(self, script: _Script, row: HistoryRow | None, error: psycopg.Error) -> bool:
        """Takes the statement as somebody may run it who has no privileges, if it was not yet; whether it differs."""
        recorded = script.statement
        if script.without_privileges:
            return False
        script.without_privileges = True
        script.statement = privileges.without(recorded)
        called = {o.key: o for o in self._called(recorded)} if recorded.verb != "CALL" else {}
        others = [(o, *pair) for o in called.values() for pair in as_if([o], privileges.left_out)]
        if script.statement is recorded and not others:
            return False
        script.with_privileges = replace(script, statement=recorded, repairs=[*script.repairs]), error
        script.lets_the_clock_run()
        called |= {o.key: replace(o, definition=then) for o, then, _ in others}
        self._take_as_of_row(script, row, called.values(), [(then, now) for _, then, now in others])
        if recorded.action == "code":
            said = error.diag.message_primary or "the code may not do something"
            why = f"{said}; what it says of roles, privileges, files or the server is in no definition"
            # What the row says of the clock has the last word.
            script.repairs.insert(0, Repair(WITHOUT_PRIVILEGES, script.statement.text, why, rewrite=True))
        return True

    def _take_as_of_row(
        self,
        script: _Script,
        row: HistoryRow | None,
        called: Iterable[DatabaseObject],
        others: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Takes the statement with what its row says in place of what it asks for, or what the code asks that it calls.

        `others`: for the while that it runs, these routines are the one, and behind it the other.
        """
        statement = script.statement
        if others:
            script.statement = split(with_routines(statement.text, others))[0]
        if row is None:
            return
        named = self._situation.state.called(set(statement.words)) if clock.asked(statement) else ()
        columns = [
            column
            for o in named
            if o.object_type in RELATIONS
            for column in self._situation.columns((o.object_schema, o.object_name))
        ]
        told, script.by_nobody = (
            replace(step, statement=with_routines(step.statement, others)) if step is not None else None
            for step in clock.as_of_row(statement, row, called, columns)
        )
        if told is not None:
            script.repairs.append(told)
            script.author = row.author if told != script.by_nobody else None

    def _proposal(self, error: psycopg.Error, script: _Script, index: int) -> Repair | None:
        """The best step against this failure that was not tried yet."""
        proposals = failures.proposals(self._evidence, error, script.failing(index), self._situation)
        return next((p for p in proposals if p.statement not in script.tried), None)

    def _adopt(self, proposal: Repair, script: _Script, index: int) -> None:
        """Takes the step, or puts it in its place for the next attempt."""
        script.tried.add(proposal.statement)
        if index < len(script.before()):
            proposal = _at_any_time(proposal)
        if proposal.alone:
            self._take_before(proposal, script)
        elif proposal.rewrite and index < len(script.before()):
            # It is an inferred step that needs other words, not the recorded statement.
            place = script.place(index)
            script.repairs[place] = replace(script.repairs[place], statement=proposal.statement)
        else:
            script.repairs.insert(script.place(index), proposal)

    def _take_before(self, proposal: Repair, script: _Script) -> None:
        """Takes a step by itself, with what belongs to what it makes."""
        alone = self.alone(proposal)
        if alone is None:
            return
        if alone.needless:
            script.done += alone.repairs
            combine(script.differences, alone.differences)
            return
        made = (d.new for d in alone.differences if d.new is not None)
        keys = frozenset(o.key for o in made if (o.object_schema, o.object_name) == proposal.inferred)
        script.done += [*alone.repairs, replace(proposal, made=keys)]
        combine(script.differences, alone.differences)
        script.done += self._fitting([replace(proposal, statement=s) for s in proposal.then], script)
        script.behind += [replace(proposal, statement=s) for s in proposal.behind]

    def _fitting(self, steps: Iterable[Repair], script: _Script) -> list[Repair]:
        """Takes those steps that can be taken."""
        fitting = [step for step in steps if self._situation.runs(step.statement)]
        if fitting:
            combine(script.differences, self._situation.observe(*(step.statement for step in fitting)))
        return fitting

    def _v1_comes_in(self, error: psycopg.Error, statement: Statement) -> bool:
        """Makes v1's own schema, where the statement fails for want of something in it."""
        if error.sqlstate not in MISSING:
            return False
        v1 = self._evidence.v1
        made = [v1.make(name, self._situation.shadow) for name in v1.named_by(statement)]
        return any(made)

    def _look_elsewhere(self, error: psycopg.Error, statement: Statement) -> bool:
        """Adds a schema to the search_path, where a name that is nowhere else was not found (FORMATS 1.13)."""
        if error.sqlstate not in ("42P01", "42704", _NO_ROUTINE):
            return False
        failure = Failure(error, statement, self._situation)
        is_routine = error.sqlstate == _NO_ROUTINE
        schema, bare = (routines.called(failure) if is_routine else failure.missing()) or (None, "")
        schemas = self._situation.schemas
        known = self._evidence.live.routines if is_routine else self._evidence.history.by_name
        if not bare or schema is not None or any((s, bare) in known for s in schemas):
            return False
        found = [
            o
            for o in self._situation.state.called([bare])
            if o.object_type in (ROUTINES if is_routine else RELATIONS)
            if o.object_type != "INDEX" or statement.object_type == "INDEX"
        ]
        elsewhere = {o.object_schema for o in found if o.object_schema} - set(schemas)
        if len(elsewhere) != 1:
            return False
        self._situation.look_elsewhere(elsewhere.pop())
        return True


def _at_any_time(repair: Repair) -> Repair:
    """A step that only another inferred step needs, which may not have been as it is taken: no row bounds it."""
    return repair if repair.bounds is not None else replace(repair, bounds=Bounds(None, None))
