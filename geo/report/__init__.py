"""Reports an office can sign: one model of a round's report, and the formats it is written in."""
