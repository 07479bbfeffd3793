"""The rules: what v1 loses of each kind of object, how it is noticed, what puts it back, and when it happened.

One module a kind of object; each is all that the project knows about that kind. `situation` is what a rule is
given and what it answers, `failures` which rule looks at which error of a statement, `placing` when something
without a row happened. `RULES` is the one list of names: the accepted values of `repairs.rule`, the table in
docs/FIDELITY.md and the tests are compared with it.
"""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    """One way to infer what v1 lost.

    `name` is what `repairs.rule` holds; published rows have it, so it never changes. `loses`: what v1 does not
    keep. `evidence`: what the rule goes by. `casts_doubt`: whether a step of it shows that something changed
    without a row, so that what lies between the last record and the step may already have been otherwise.
    """

    name: str
    loses: str
    evidence: str
    casts_doubt: bool = False


# Relations: tables, views, materialized views.
TABLE_FROM_COLUMNS = Rule(
    "table_from_columns",
    "the statement that made a table, or one that ran and cannot run here",
    "the columns that a row of the table recorded",
    casts_doubt=True,
)
FROM_LIVE_CATALOG = Rule(
    "from_live_catalog",
    "the statement that made, renamed or moved what a statement needs (a view, a sequence, a table, a routine, "
    "a collation, and so on), or what a row created that no statement explains",
    "the live catalog has it",
)
STUB_RELATION = Rule(
    "stub_relation",
    "everything about a relation but its name",
    "a statement that ran names it",
)
NOT_YET_RENAMED = Rule(
    "not_yet_renamed",
    "the definition that names a table as it was called then",
    "a later row renames the table to the name in the live definition",
)
IMPLIED_DROP = Rule(
    "implied_drop",
    "a drop",
    "a statement ran that what is there would not have let run",
    casts_doubt=True,
)
IMPLIED_CASCADE = Rule(
    "implied_cascade",
    "the drop of what depends on what a row drops",
    "the drop ran without CASCADE",
    casts_doubt=True,
)
UNRECORDED_DROP = Rule(
    "unrecorded_drop",
    "the drop of a routine, of a sequence, of a quoted name, of anything for the second time",
    "it is not in the live catalog, and no later text names it",
    casts_doubt=True,
)
RECORDED_DROP = Rule(
    "recorded_drop",
    "the text of a drop, or the part of it that says so",
    "the row of the drop",
)
MADE_ANEW = Rule(
    "made_anew",
    "that a statement that drops an object also makes another of its name",
    "the object is there behind the row that drops it",
)
OLDER_TABLE = Rule(
    "older_table",
    "a table that was there before the tracker, or that CREATE TABLE AS made",
    "a row alters it and none creates it; or the live catalog has it with what no row added",
)
OLDER_VIEW = Rule(
    "older_view",
    "a view that was there before the tracker",
    "the live catalog has it, and it never left a row",
)
# Columns.
RENAMED_COLUMN = Rule(
    "renamed_column",
    "the rename of a column",
    "a record or a statement has the new name, where the old one stood or is never named again, nor live; or a"
    " table has it that is made LIKE that one, or becomes its heir or partition; or a"
    " statement makes an index on it, and the live index of its name is on a column that never moved; or"
    " CREATE OR REPLACE VIEW has it in the place of the old one, and no row can be missing of a drop of the view",
    casts_doubt=True,
)
FORESEEN_RENAME = Rule(
    "foreseen_rename",
    "the rename of a column that no failing statement shows",
    "the next record of the table, or the live catalog, has the new name at the place and of the type of the old one",
    casts_doubt=True,
)
ADDED_COLUMN = Rule(
    "added_column",
    "the statement that added a column",
    "a record of the table, or the live catalog, has it",
    casts_doubt=True,
)
DROPPED_COLUMN = Rule(
    "dropped_column",
    "the drop of a column",
    "the row's record does not have it",
    casts_doubt=True,
)
CHANGED_TYPE = Rule(
    "changed_type",
    "the change of a column's type",
    "the row recorded another type",
    casts_doubt=True,
)
EARLIER_TYPE = Rule(
    "earlier_type",
    "the type that a column had before a statement changed it",
    "the statement ran, though what it makes of the column does not fit the type that is known",
    casts_doubt=True,
)
CHANGED_NULLABILITY = Rule(
    "changed_nullability",
    "that a column became NOT NULL, or no longer is",
    "the row recorded it so",
    casts_doubt=True,
)
CHANGED_DEFAULT = Rule(
    "changed_default",
    "the change of a column's default",
    "the row recorded another default",
    casts_doubt=True,
)
STUB_COLUMN = Rule(
    "stub_column",
    "everything about a column but its name",
    "a statement that ran names it",
    casts_doubt=True,
)
# Constraints.
RENAMED_CONSTRAINT = Rule(
    "renamed_constraint",
    "the rename of a constraint",
    "the live table has the same constraint under a name that no row gave it",
    casts_doubt=True,
)
MISSING_KEY = Rule(
    "missing_key",
    "the key of a table that is older than the tracker",
    "a foreign key refers to it",
)
OLDER_CONSTRAINT = Rule(
    "older_constraint",
    "a constraint or an index that was there before the tracker and is gone by now",
    "a text drops it, none added it, and its own name says what it was, or that of others like it; else no more than "
    "its name, just before that text",
)
# Indexes.
RENAMED_INDEX = Rule(
    "renamed_index",
    "the row of an index's rename, which was erased",
    "the live catalog has the same index under a name that never left a row; a gap in the ids",
    casts_doubt=True,
)
NAME_AS_RECORDED = Rule(
    "name_as_recorded",
    "what had the plain name that PostgreSQL would have given to an index",
    "the row recorded the index under a numbered name",
)
# Sequences.
MISSING_SEQUENCE = Rule(
    "missing_sequence",
    "a sequence: v1 records none",
    "a statement, or a recorded default, takes its next value",
)
RENAMED_SEQUENCE = Rule(
    "renamed_sequence",
    "the rename of a sequence, or that it is another column's: v1 records none",
    "the next record of the default, or the live one, has the new name; or what it belonged to was dropped without"
    " CASCADE, and other columns take its next value",
    casts_doubt=True,
)
# Types.
TYPE_FROM_LIVE_CATALOG = Rule(
    "type_from_live_catalog",
    "the statement that made a type: v1 records none",
    "the live catalog has the type, and a statement needs it, or no recorded text names it",
)
MISSING_DOMAIN = Rule(
    "missing_domain",
    "a domain that is gone by now, or another one",
    "a statement gives a column the type, and its row recorded the base type",
)
MISSING_ENUM = Rule(
    "missing_enum",
    "an enum that is gone by now",
    "a statement names the type, of which nothing else is known",
)
MISSING_LABEL = Rule(
    "missing_label",
    "the statement that added a label to an enum",
    "a statement uses the label; its place is as in the live enum",
)
RENAMED_TYPE = Rule(
    "renamed_type",
    "the rename of a type: v1 records none",
    "the next record of the columns that have it, or a recorded text, has the new name",
    casts_doubt=True,
)
UNUSED_TYPE = Rule(
    "unused_type",
    "the drop of a type: v1 records none",
    "a row takes its last use away, and the live catalog does not have it, or has another",
    casts_doubt=True,
)
# Routines.
REPLACED_OVERLOAD = Rule(
    "replaced_overload",
    "the drop of a routine whose name another signature takes",
    "a plain CREATE of the name, and nothing later is of the first one",
    casts_doubt=True,
)
SESSION_SETTING = Rule(
    "session_setting",
    "a setting of the session: one that a routine takes from it, or how it read backslashes and times in strings",
    "the live catalog has what came of it, or another text of the session proves it; else it is the server's default",
)
OLDER_FUNCTION = Rule(
    "older_function",
    "a function that was there before the tracker",
    "the live catalog has it, and no recorded text makes one of that name",
)
# Schemas and extensions.
MISSING_SCHEMA = Rule(
    "missing_schema",
    "a schema: v1 records none",
    "a statement names it, or an object came to be in it",
)
RENAMED_SCHEMA = Rule(
    "renamed_schema",
    "the rename of a schema: v1 records none",
    "an object has rows of its oid in the one before, in the other after",
    casts_doubt=True,
)
MOVED_EXTENSION = Rule(
    "moved_extension",
    "the move of an extension to another schema: v1 records none",
    "a statement names in a schema what an extension brought to another one",
    casts_doubt=True,
)
OLDER_EXTENSION = Rule(
    "older_extension",
    "an extension that was there before the tracker",
    "the live catalog has it, and no row is of a function that it brings",
)
# What is attached to a table, and comments.
TRIGGER_FROM_LIVE_CATALOG = Rule(
    "trigger_from_live_catalog",
    "a trigger: v1 records none",
    "the live catalog has it, and its table and function are there",
)
POLICY_FROM_LIVE_CATALOG = Rule(
    "policy_from_live_catalog",
    "a policy: v1 records none",
    "the live catalog has it, and its table has row security",
)
COMMENT_FROM_LIVE_CATALOG = Rule(
    "comment_from_live_catalog",
    "a comment: v1 records none",
    "the live catalog has it, and what it is on is there",
)
# No step, but why an event is not exact.
RESTS_ON_INFERRED = Rule(
    "rests_on_inferred",
    "what the definition rests on",
    "the object, or one that it names, was inferred by an earlier row",
)
IN_DOUBT = Rule(
    "in_doubt",
    "the moment of a change without a row",
    "a later event shows the change, and no record tells whether it came before this one",
)
ROWS_OF_CODE = Rule(
    "rows_of_code",
    "which statement of a block of code left which row",
    "later rows of the same object are of the same block, or may be",
)
DEPENDS_ON_DATA = Rule(
    "depends_on_data",
    "the rows, the clock, the random numbers, roles or server that code looked at",
    "the code reads a table, counts the rows that it changes, catches an error that rows may cause, calls"
    " a function that gives another result each time, or looks at what of the catalog is about sessions, "
    "roles, rights, files or the name of the database; or a statement may run such code without naming it"
    " (a trigger, a rule, a policy, a default, a cast, a domain); or what it made has the shadow's name in it, "
    "its role's, or the oid of one of its objects, and the text has not",
)
WITHOUT_PRIVILEGES = Rule(
    "without_privileges",
    "what code says of roles, privileges, files or the server, as far as it is in no definition",
    "the code fails for it in the shadow, which may not do it, and runs without",
)
STATEMENT_FAILED = Rule(
    "statement_failed",
    "what would let the statement run",
    "the recorded columns, which the table already has",
)
UNEXPLAINED_ROW = Rule(
    "unexplained_row",
    "the statement that left the row",
    "the object is there, as the rows before left it",
)
RECONCILE = Rule(
    "reconcile",
    "whatever the rest of the history does not show",
    "the live catalog",
    casts_doubt=True,
)

RULES: tuple[Rule, ...] = (
    TABLE_FROM_COLUMNS, FROM_LIVE_CATALOG, STUB_RELATION, NOT_YET_RENAMED, IMPLIED_DROP, IMPLIED_CASCADE,
    UNRECORDED_DROP, RECORDED_DROP, MADE_ANEW, OLDER_TABLE, OLDER_VIEW,
    RENAMED_COLUMN, FORESEEN_RENAME, ADDED_COLUMN, DROPPED_COLUMN, CHANGED_TYPE, EARLIER_TYPE,
    CHANGED_NULLABILITY, CHANGED_DEFAULT, STUB_COLUMN,
    RENAMED_CONSTRAINT, MISSING_KEY, OLDER_CONSTRAINT,
    RENAMED_INDEX, NAME_AS_RECORDED,
    MISSING_SEQUENCE, RENAMED_SEQUENCE,
    TYPE_FROM_LIVE_CATALOG, MISSING_DOMAIN, MISSING_ENUM, MISSING_LABEL, RENAMED_TYPE, UNUSED_TYPE,
    REPLACED_OVERLOAD, SESSION_SETTING, OLDER_FUNCTION,
    MISSING_SCHEMA, RENAMED_SCHEMA, MOVED_EXTENSION, OLDER_EXTENSION,
    TRIGGER_FROM_LIVE_CATALOG, POLICY_FROM_LIVE_CATALOG, COMMENT_FROM_LIVE_CATALOG,
    RESTS_ON_INFERRED, IN_DOUBT, ROWS_OF_CODE, DEPENDS_ON_DATA, WITHOUT_PRIVILEGES, STATEMENT_FAILED,
    UNEXPLAINED_ROW, RECONCILE,
)  # fmt: skip
"""All rules, kind by kind."""
