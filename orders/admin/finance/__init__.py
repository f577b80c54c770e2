"""The admin of finance: contracts, periods, statements, differences, reports, exports, whereabouts."""
