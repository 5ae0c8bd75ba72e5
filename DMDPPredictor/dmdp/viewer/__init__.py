"""What a viewer asks while a person looks and draws: answers within a moment, from images that the worker holds."""
