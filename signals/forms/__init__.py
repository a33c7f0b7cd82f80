"""What authors and followers fill in."""
