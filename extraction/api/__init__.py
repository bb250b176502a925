"""The same verbs for programs; each module lists its own urlpatterns."""
