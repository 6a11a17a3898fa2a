"""A page to look through an archive with: plain HTML beside the files, without a script, without a server."""
