"""The dress rehearsal: the whole night on a copy of production that is thrown away afterwards."""
