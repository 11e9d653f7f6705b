"""Python's httpx: `with_httpx.py <url> <body file>`."""
import os
import sys

import httpx

url, body = sys.argv[1:3]
headers = {"Authorization": "Bearer " + os.environ["RAILWAY_TOKEN"], "Content-Type": "application/json"}
with open(body, "rb") as text:
    print(httpx.post(url, headers=headers, content=text.read(), timeout=60).text)
