-- The bytes of PICTURE as the body.
local file = assert(io.open(os.getenv("PICTURE"), "rb"))
wrk.method = "POST"
wrk.headers["Content-Type"] = "image/jpeg"
wrk.body = file:read("*a")
file:close()
