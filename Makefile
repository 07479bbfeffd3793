# make build      the sample history, migrated and verified, on an embedded PostgreSQL
# make test       the tests and the gate, on a fresh one
# make test-all   the same with what takes longer: every case, builds killed anywhere, other servers, a role with few rights
# make lint       ruff, mypy, sqlfluff, dbt-bouncer
# make docs       the documentation site, in target/
# make bench      HISTORY=DIR: how long each layer takes            ARGUMENTS="--granularity transaction"
# make score      HISTORY=DIR: how right the rebuilt definitions are  ARGUMENTS="--show"
# make fuzz       FUZZ_EXAMPLES=N: random migrations, recorded, rebuilt and compared
# make clean      stops the embedded server and removes all of the above

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
FUZZ_EXAMPLES ?= 500

# sample and tests are for the embedded server only, whatever server the shell's variables name
EMBEDDED := env -u PGGIT_STAGING_HOST -u PGGIT_STAGING_PORT -u PGGIT_STAGING_USER \
	-u PGGIT_STAGING_PASSWORD -u PGGIT_STAGING_DBNAME

RENDERED_RULES := capitalisation.keywords,capitalisation.identifiers,capitalisation.functions,capitalisation.types,$\
	convention,ambiguous,aliasing.table,aliasing.column,aliasing.length,aliasing.unique.table,aliasing.forbid,$\
	structure.distinct,structure.join_condition_order,structure.unused_join

# for a recipe of one shell: an embedded server of its own, gone when the shell ends
ELSEWHERE = PGGIT_EMBEDDED_DIR=$$(mktemp -d); export PGGIT_EMBEDDED_DIR; chmod 755 "$$PGGIT_EMBEDDED_DIR"; \
	trap '$(BIN)/pggit-audit server reset; rm -rf "$$PGGIT_EMBEDDED_DIR"' EXIT

ifdef PGGIT_STAGING_HOST
PSQL = echo psql "$$PGGIT_STAGING_DBNAME"
else
PSQL = $(BIN)/pggit-audit server psql-line
endif

define NEXT

The history is migrated and verified. Look at it with psql:

endef
export NEXT

define QUERIES

Three queries to begin with:

    select * from pggit_audit.compliance_summary;

    select event_no, change_type, author, committed_at, fidelity, new_definition
    from pggit_audit.changes where object_name = 'books' order by event_no;

    select pggit_audit.schema_ddl_at(commit_sha) from pggit_audit.changes where v1_version_id = 60;

The documentation, every table with its lineage:

    make docs && $(BIN)/dbt docs serve

The embedded server stays up between commands; `$(BIN)/pggit-audit server stop` stops it.
endef
export QUERIES

.DEFAULT_GOAL := build
.PHONY: build test test-all lint docs bench score fuzz clean lock

build: $(READY) dbt_packages
	$(BIN)/dbt build --target staging
	@echo "$$NEXT"
	@echo "    $$($(PSQL))"
	@echo "$$QUERIES"

# The fresh server is the project's own where there is none yet: then dbt's commands can go on with it.
test-all: MARKED := -m ""
test test-all: $(READY) dbt_packages
	$(EMBEDDED) $(BIN)/pytest -n 2 --dist loadfile python/tests $(MARKED)
	@set -eu; data=$$($(BIN)/pggit-audit server status | sed -n 's/^Data: //p'); \
	if [ -d "$$data" ]; then $(ELSEWHERE); fi; \
	set -x; \
	$(EMBEDDED) $(BIN)/dbt build --target staging; \
	$(EMBEDDED) $(BIN)/dbt test --target staging; \
	$(EMBEDDED) $(BIN)/dbt test --target staging --select resource_type:unit_test

lint: $(READY) dbt_packages
	$(BIN)/ruff check --config python/pyproject.toml .
	$(BIN)/ruff format --config python/pyproject.toml --check .
	cd python && ../$(BIN)/mypy -p pggit_audit -p dbt.adapters.pggit
	@# sqlfluff lets dbt compile the models, and dbt asks a server. It leaves out macros, generic tests and functions:
	@# so it reads as well what those come to, where that is SQL and no PL/pgSQL, and not for its layout.
	@set -eu; $(ELSEWHERE); set -x; \
	$(EMBEDDED) $(BIN)/sqlfluff lint models tests/singular; \
	$(EMBEDDED) $(BIN)/dbt compile --quiet --target-path "$$PGGIT_EMBEDDED_DIR/target"; \
	if [ -x $(BIN)/dbt-bouncer ]; then DBT_PROJECT_DIR="$$PGGIT_EMBEDDED_DIR" $(BIN)/dbt-bouncer run --show-all-failures; \
	else echo "dbt-bouncer needs Python 3.11: nothing compared the models with dbt-bouncer.yml."; fi; \
	rendered="$$PGGIT_EMBEDDED_DIR/rendered"; mkdir "$$rendered"; \
	find "$$PGGIT_EMBEDDED_DIR"/target/compiled -path '*.yml/*.sql' -exec cp {} "$$rendered" \; ; \
	grep -L '^begin$$' "$$PGGIT_EMBEDDED_DIR"/target/compiled/*/functions/*.sql | xargs -I{} cp {} "$$rendered"; \
	$(BIN)/sqlfluff lint --config .sqlfluff --templater raw --rules $(RENDERED_RULES) --processes 2 "$$rendered"

docs: $(READY) dbt_packages
	$(BIN)/dbt docs generate
	@echo "Open it: $(BIN)/dbt docs serve"

bench score: $(READY) dbt_packages
	$(if $(HISTORY),,$(error Say which recorded history: make $@ HISTORY=DIR))
	$(EMBEDDED) $(BIN)/pggit-audit $@ "$(HISTORY)" $(ARGUMENTS)

fuzz: $(READY)
	$(EMBEDDED) FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/pytest python/tests/test_properties.py python/tests/test_random_histories.py -m ""

clean:
	test ! -x $(BIN)/pggit-audit || $(EMBEDDED) $(BIN)/pggit-audit server reset
	rm -rf $(VENV) .pggit target logs dbt_packages package-lock.yml python/build .mypy_cache .ruff_cache
	find python tests -name __pycache__ -prune -exec rm -rf {} +

$(READY): requirements.lock python/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14) and \
		f"make needs Python 3.10 to 3.13, and {sys.executable} is {sys.version.split()[0]}: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e python
	touch $@

dbt_packages: packages.yml $(shell find offline_packages -type f) $(READY)
	@rm -rf $@
	@if $(BIN)/python -c 'import urllib.request as r; r.urlopen("https://hub.getdbt.com", timeout=5)' 2>/dev/null; \
	then $(BIN)/dbt deps; \
	else echo "The dbt hub cannot be reached: the stand-ins in offline_packages/ take its place."; \
		mkdir $@ && cp -R offline_packages/* $@; fi
	@touch $@

# uv resolves for all Python versions at once
lock: $(READY)
	$(BIN)/python -m pip install --quiet uv
	(echo '# Pinned for Python 3.10 to 3.13. Made by `make lock` from requirements.in; edit that.'; \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --no-header --no-annotate \
		--no-emit-index-url requirements.in) > requirements.new
	mv requirements.new requirements.lock
