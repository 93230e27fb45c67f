"""Pure decisions about mail: reading, threading, classifying and writing messages."""
