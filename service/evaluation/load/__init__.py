"""`make load`: how many searches a second the service answers, beside txtai's own API."""
