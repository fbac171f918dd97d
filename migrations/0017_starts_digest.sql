-- A sum over the starts of a page's bars, as its load wrote them: bars that are taken out by hand are told
-- by it, whichever they are and whatever the counts of the row then say. Null for pages of before.
ALTER TABLE stockyard.pages ADD COLUMN starts_digest integer;
ALTER TABLE stockyard.page_versions ADD COLUMN starts_digest integer;
