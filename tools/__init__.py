"""Programs for the people who build Intercanal; none of them is part of the product."""
