"""The planner's app: thin pages and widgets over the rest of `geo`. No geometry and no arithmetic on rates."""
