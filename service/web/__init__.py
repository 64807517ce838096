"""HTTP: the API and the page. The only package that imports flask."""
