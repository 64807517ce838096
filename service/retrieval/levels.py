"""From where on two claims are about the same, and say the same in the same words."""

from __future__ import annotations

# Sentences of one state at least this alike are shown once.
SAME_WORDING = 0.95
# A claim counts as being on the point where only one random pair in a thousand is as alike: for
# the number behind a group, for `recent`, and for a topic in free text.
ON_POINT_PERCENTILE = 99.9
# Below it, one in eight of the hits that the stance model calls aligned is, and hardly any of those
# that it calls opposed: they are about something else.
SAME_SUBJECT_PERCENTILE = 99.0
