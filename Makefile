# Each target is one line that calls a Python script, so everything also works without make.
PYTHON ?= python3

.PHONY: help run test check lock services benchmark growth overload flash_sale

help:
	@$(PYTHON) scripts/help.py

run:
	@$(PYTHON) scripts/run.py

test:
	@$(PYTHON) scripts/test.py $(ARGS)

check:
	@$(PYTHON) scripts/check.py

lock:
	@$(PYTHON) scripts/lock.py $(ARGS)

services:
	@$(PYTHON) scripts/services.py $(ARGS)

benchmark:
	@$(PYTHON) scripts/benchmark.py $(ARGS)

growth:
	@$(PYTHON) scripts/growth.py $(ARGS)

overload:
	@$(PYTHON) scripts/overload.py $(ARGS)

flash_sale:
	@$(PYTHON) scripts/flash_sale.py $(ARGS)
