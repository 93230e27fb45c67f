"""Large bodies kept outside the database: raw mails, attachments, recordings."""
