-- The guide's TextGenerationRequest; BODY=bad sends one that fails validation.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
if os.getenv("BODY") == "bad" then
  wrk.body = '{"prompt":"   ","max_tokens":99999,"temperature":3,"stop_sequences":["a","b","c","d","e"]}'
else
  wrk.body = '{"prompt":"Once upon a time there was a server","max_tokens":128,"temperature":0.8,"stop_sequences":["\\n","END"]}'
end
