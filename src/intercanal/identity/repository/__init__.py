"""All queries of identity."""
