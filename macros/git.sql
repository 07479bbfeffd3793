{#- Git objects as pggit_v0 stores them. Lengths count characters; the bytes hashed are those of UTF-8, because
    a cast of text to bytea would read backslashes as escapes. -#}

{% macro git_sha(type, content) -%}
    encode(sha256(convert_to({{ type }} || ' ' || length({{ content }}) || ':' || {{ content }}, 'UTF8')), 'hex')
{%- endmacro %}


{% macro git_tree_line(mode, path, sha) -%}
    {{ mode }} || ' ' || {{ path }} || '|' || {{ sha }} || '|'
{%- endmacro %}


{% macro git_tree_content(raw) -%}
    encode(convert_to({{ raw }}, 'UTF8'), 'base64')
{%- endmacro %}


{% macro git_object_text(type, content) -%}
    case {{ type }} when 'tree' then convert_from(decode({{ content }}, 'base64'), 'UTF8') else {{ content }} end
{%- endmacro %}


{% macro git_who(author) -%}
    {#- a line end in a name would end the header that it stands in -#}
    {%- set name = "coalesce(translate(" ~ author ~ ", e'\\n\\r', '  '), 'unknown')" -%}
    {{ name }} || ' <' || {{ name }} || '@pggit>'
{%- endmacro %}


{% macro git_author(who) -%}
    regexp_replace({{ who }}, '^(.*) <\1@pggit>$', '\1')
{%- endmacro %}


{% macro git_commit_content(tree_sha, parent_shas, author, authored_at, committer, committed_at, message) -%}
    'tree ' || {{ tree_sha }} || e'\n'
    || coalesce('parent ' || nullif(array_to_string({{ parent_shas }}, e'\nparent '), '') || e'\n', '')
    || 'author ' || {{ author }} || ' ' || {{ git_epoch(authored_at) }} || e' +0000\n'
    || 'committer ' || {{ committer }} || ' ' || {{ git_epoch(committed_at) }} || e' +0000\n\n'
    || {{ message }}
{%- endmacro %}


{% macro git_moment(moment) -%}
    case when isfinite({{ moment }}) then {{ moment }} end
{%- endmacro %}


{% macro git_epoch(moment) -%}
    floor(extract(epoch from {{ moment }}))::bigint
{%- endmacro %}
