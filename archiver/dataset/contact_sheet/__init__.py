"""Contact sheets: pages of an archive's pictures, to look through or to print."""
