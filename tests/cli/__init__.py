"""The command line: what people, cron jobs and other programs see of a run."""
