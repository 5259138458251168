"""The writes of settlement that several acts share."""
