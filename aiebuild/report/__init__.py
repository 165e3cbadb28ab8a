"""What people see: progress, errors, tables."""
