"""The machine as the archiver sees it: clock, jitter, boot, signals."""
