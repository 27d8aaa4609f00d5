-- Pages of scans that were read, while their file is not read to the end: a
-- reader that is stopped goes on where it was. What is here may be lost.

CREATE TABLE scan_page (
    original TEXT NOT NULL,
    page     BIGINT NOT NULL,
    reading  TEXT NOT NULL,
    PRIMARY KEY (original, page)
);
