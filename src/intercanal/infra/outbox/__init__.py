"""What committed transactions still owe: handed over at once by the door, or by the sweep after a crash."""
