pytest_plugins = ["refflow.testing.fixtures"]
