"""The API of finance: reports for partners."""
