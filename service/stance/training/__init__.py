"""How the stance model is made: `python -m service.stance.training --shared DIR --work DIR`."""
