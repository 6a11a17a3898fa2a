"""One asset (download) and one generation (resolve, fetch, verify, commit)."""
