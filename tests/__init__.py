"""The archiver's specification, in sentences that run."""
