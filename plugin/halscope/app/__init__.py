"""The application: the only room that builds a PluginManager and puts the parts together."""
