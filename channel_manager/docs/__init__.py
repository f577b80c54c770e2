"""The documentation for partners' developers: guide, reference and one page per error code."""
