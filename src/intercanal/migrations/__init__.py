"""One line of migrations, run as the owner role; the helpers that make a new table safe are in `helpers`."""
