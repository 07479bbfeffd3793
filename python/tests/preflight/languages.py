"""Sources in many languages: what is found in each, as line, name and whether it is rewritten."""

from __future__ import annotations

Found = list[tuple[int, str, bool]]

LANGUAGES: dict[str, tuple[str, Found]] = {
    "a.go": (
        "package a\n// pggit.get_version('no')\nvar q = `select * from pggit.get_version($1)`\n"
        "var p = fmt.Sprintf(\"select * from pggit.get_version('%s')\", n)\n",
        [(3, "get_version", True), (4, "get_version", False)],
    ),
    "a.rb": (
        "# pggit.get_version('no')\nq = \"select * from pggit.get_version($1)\"\n"
        "r = \"select * from pggit.get_version('#{x}')\"\ns = <<~SQL\n  select * from pggit.get_history($1)\nSQL\n",
        [(2, "get_version", True), (3, "get_version", False), (5, "get_history", True)],
    ),
    "a.php": (
        "<?php\n// pggit.get_version('no')\n$q = 'select * from pggit.get_version(?)';\n"
        '$r = "select * from pggit.get_version(\'$x\')";\n$s = "select * from " . "pggit.get_version(:a)" . $b;\n',
        [(3, "get_version", True), (4, "get_version", False), (5, "get_version", False)],
    ),
    "A.cs": (
        '// pggit.get_version\nclass A { string q = @"select * from pggit.get_version(@name)";\n'
        "string r = $\"select * from pggit.get_version('{x}')\"; }\n",
        [(2, "get_version", True), (3, "get_version", False)],
    ),
    "A.kt": (
        'val q = """select * from pggit.get_version(:name)"""\nval r = "select * from pggit.get_version(\'$name\')"\n',
        [(1, "get_version", True), (2, "get_version", False)],
    ),
    "a.rs": (
        'let q = sqlx::query("select * from pggit.get_version($1)");\nlet r = r#"select 1 from pggit.history"#;\n',
        [(1, "get_version", True), (2, "history", False)],
    ),
    "a.sh": (
        "#!/bin/sh\n# select * from pggit.history\npsql -c \"select * from pggit.get_version('public.books')\"\n"
        "psql <<EOF\nselect * from pggit.get_version('public.books');\nEOF\n"
        "psql -c 'select pggit.pause_tracking()'\npsql -c \"select * from pggit.get_version('$1')\"\n",
        [
            (3, "get_version", True),
            (5, "get_version", True),
            (7, "pause_tracking", False),
            (8, "get_version", False),
        ],
    ),
    "a.yml": (
        "# pggit.history\nquery: select * from pggit.get_version('public.books')\n"
        "other: |\n  select *\n  from pggit.history\n",
        [(2, "get_version", True), (5, "history", False)],
    ),
    "a.xml": (
        "<m><!-- select * from pggit.history --><select>select * from pggit.get_version(#{name})</select></m>\n",
        [(1, "get_version", False)],
    ),
    "a.properties": ("q=select * from pggit.get_version(?)\n", [(1, "get_version", True)]),
    "a.json": ('{"q": "select * from pggit.get_version(\'a.b\')"}\n', [(1, "get_version", True)]),
    "a.tsx": (
        'const a = <div>{sql("select * from pggit.get_version($1)")} from pggit.history</div>;\n',
        [(1, "get_version", True)],
    ),
    "a.sql": (
        "\\set x 1\n-- pggit.get_version\ncreate view v as select * from pggit.get_version('public.books');\n"
        "comment on view v is 'from pggit.history';\n",
        [(3, "get_version", True)],
    ),
    "a.pl": ("my $q = \"select * from pggit.get_version('a.b')\";\n", [(1, "get_version", True)]),
    "a.scala": ('val q = sql"select * from pggit.get_version($name)"\n', [(1, "get_version", False)]),
    "A.java": (
        'class A { String q = "select * from pggit.get_version(\\"x\\")"; @Table(name = "pggit.history") int h;\n'
        'String r = "reads pggit.history every day, and pggit.get_version() too"; }\n',
        [(1, "get_version", True), (1, "history", False)],
    ),
    "a.py": (
        '"""select * from pggit.history"""\nq = rb"select * from pggit.get_version(%s)"\n'
        'cursor.callproc("pggit.get_history", [1])\n'
        'r = "select * from pggit.get_version({})".format(x)\ns = "select * from pggit.get_version(\'%s\')" % x\n'
        'log.info("select nothing of pggit")\n',
        [
            (2, "get_version", True),
            (3, "get_history", False),
            (4, "get_version", False),
            (5, "get_version", False),
        ],
    ),
    "notes.md": ("select * from pggit.history\n", []),
}
