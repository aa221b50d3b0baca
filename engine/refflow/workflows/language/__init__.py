"""The language: from the YAML that a person wrote to the definition that the engine interprets."""
