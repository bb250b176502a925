"""Doors: one module per room; each lists its own urlpatterns."""
