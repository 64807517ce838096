"""What changes while serving: keys, what each has used, and requests that mustn't run twice."""
