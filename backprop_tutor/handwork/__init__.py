"""What a person writes: claims, the reader of plain notation, what its names mean, exact numbers and digits."""
