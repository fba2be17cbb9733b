"""A hand calculation judged: `judge` walks a sheet, `causes` says why a line is wrong, `classroom` has many."""
