{#-
  Regular expressions that read SQL text, for the snapshot reconstruction in functions/schema_ddl_at.sql.
  PostgreSQL takes the longest match, not the first alternative that matches. So no two alternatives may begin
  alike: else a quote inside a comment could be read as the start of a literal.
-#}

{% macro snapshot_quoted() -%}
'(?:[^']|'')*'|"(?:[^"]|"")*"
{%- endmacro %}


{% macro snapshot_identifier() -%}
(?:"(?:[^"]|"")*"|[[:alpha:]_][[:alnum:]_$]*)
{%- endmacro %}


{% macro snapshot_statement() -%}
(?:[^;'"eE/-]|[eE](?!')|[eE]'(?:[^'\\]|\\.|'')*'|{{ snapshot_quoted() }}|-(?!-)|--[^\n]*(?:\n|$)|/(?![*])|/[*](?:[^*]|[*]+[^*/])*[*]+/)*;?
{%- endmacro %}


{% macro snapshot_leading_comments() -%}
^(?:\s|--[^\n]*(?:\n|$)|/[*](?:[^*]|[*]+[^*/])*[*]+/)+
{%- endmacro %}


{% macro snapshot_operator() -%}
[-+*/<>=~!@#%^&|`?]+
{%- endmacro %}


{#- A kind of object whose names have no schema, before a name. -#}
{% macro snapshot_keyword() -%}
(?:[lL][aA][nN][gG][uU][aA][gG][eE]|[sS][eE][rR][vV][eE][rR]|[wW][rR][aA][pP][pP][eE][rR]|[uU][sS][iI][nN][gG]|[mM][eE][tT][hH][oO][dD])
{%- endmacro %}


{% macro snapshot_mention() -%}
'(?:[^']|'')*'(?:::reg[a-z]+)?|{{ snapshot_identifier() }}(?:[.]{{ snapshot_identifier() }})+|{{ snapshot_identifier() }}[.]{{ snapshot_operator() }}|\m{{ snapshot_keyword() }}\s+{{ snapshot_identifier() }}(?![[:alnum:]_$.])|"(?:[^"]|"")*"
{%- endmacro %}


{% macro snapshot_before_dollar_quote() -%}
^(?:[^'"$]|{{ snapshot_quoted() }}|\$[0-9]+)*
{%- endmacro %}


{#- All of a routine but its body, where that is kept parsed. -#}
{% macro snapshot_before_parsed_body() -%}
^((?:[^'"]|{{ snapshot_quoted() }})*?)\n(?:BEGIN ATOMIC|RETURN)\M
{%- endmacro %}


{% macro snapshot_alter_table(action) -%}
^alter\s+(?:foreign\s+)?table\s+(?:if\s+exists\s+)?(?:only\s+)?{{ snapshot_identifier() }}(?:[.]{{ snapshot_identifier() }})*\s+(?:{{ action }})\M
{%- endmacro %}


{% macro snapshot_constraint() -%}
add\s+(?:constraint\s+{{ snapshot_identifier() }}\s+)?
{%- endmacro %}
