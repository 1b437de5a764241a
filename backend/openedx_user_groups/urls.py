"""Routes of the app."""

urlpatterns: list[object] = []
