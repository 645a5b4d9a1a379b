"""What people see: maps, tables and pages made from figures that were computed elsewhere."""
