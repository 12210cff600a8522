"""Physics of sun and wind: geometry and weather -> power that can be expected before one was measured."""
