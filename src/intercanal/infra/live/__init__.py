"""The live engine: one owner per routing domain decides, journals durably, then lets effects leave."""
