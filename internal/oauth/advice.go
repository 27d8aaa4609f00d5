package oauth

// microsoftAdvice is for the codes that Microsoft Entra gives to a program
// that asks for a token, by its list of AADSTS error codes.
func microsoftAdvice() map[string]string {
	const again = "a person must sign in once more and pass on a new refresh token"
	return map[string]string{
		"AADSTS7000215": "the client secret is wrong; take the secret's value, which is shown once when it is made, and not its ID",
		"AADSTS7000222": "the client secret has run out; make a new one in Entra under Certificates & secrets, and put it into client_secret_file",
		"AADSTS7000218": "the client secret is missing; set client_secret_file",
		"AADSTS7000112": "the application is switched off; in Entra open Enterprise applications, the application, Properties, and enable sign-in",
		"AADSTS700016":  "this tenant does not know the application; check client_id and tenant, and that an administrator has consented",
		"AADSTS90002":   "there is no such tenant; check tenant",
		"AADSTS900023":  "tenant is neither a domain nor an id; check tenant",
		"AADSTS900382":  "the application and the tenant are in different clouds; check token_endpoint",
		"AADSTS65001":   "nobody has consented; in Entra open API permissions and grant admin consent",
		"AADSTS70011":   "scopes is wrong; with client_credentials leave it out, or write https://outlook.office365.com/.default",
		"AADSTS1002012": "scopes is wrong; with client_credentials leave it out, or write https://outlook.office365.com/.default",
		"AADSTS500011":  "the tenant does not know what scopes names; write https://outlook.office365.com/.default, and check that the tenant has Exchange Online",
		"AADSTS700024":  "the time is wrong; let this machine keep time by NTP",
		"AADSTS70000":   "the refresh token is not valid; " + again,
		"AADSTS70008":   "the refresh token has run out; " + again,
		"AADSTS700082":  "the refresh token has run out because it was not used; " + again,
		"AADSTS50173":   "the password was changed or the sign-ins were ended; " + again,
		"AADSTS50076":   "the tenant wants a second factor; " + again + ", or use client_credentials",
		"AADSTS50079":   "the tenant wants a second factor; " + again + ", or use client_credentials",
		"AADSTS53003":   "Conditional Access forbids it; let an administrator except this application or this machine's address",
		"AADSTS50034":   "the account is not in this tenant; check tenant, and who passed the refresh token on",
		"AADSTS50057":   "the account that passed the refresh token on is disabled; enable it, or let another one pass one on",
		"AADSTS50196":   "the service saw too many requests and asks for a pause; wait some minutes",
		"AADSTS90033":   "the service has trouble for the moment; it is tried again",
	}
}

// standardAdvice is for the codes of RFC 6749, section 5.2, and those that
// Google adds.
func standardAdvice() map[string]string {
	return map[string]string{
		"invalid_grant":           "the refresh token was withdrawn or has run out; a person must sign in once more and pass on a new one. With Google: it lasts seven days while the app's publishing status is Testing, and ends when the password is changed",
		"invalid_client":          "the service does not know the client, or its secret is wrong; check client_id and the client secret",
		"deleted_client":          "the client was deleted; make a new one, and set client_id and the client secret",
		"disabled_client":         "the client is disabled; enable it in the service's console",
		"unauthorized_client":     "this client may not ask in this way; check grant, and what the client is allowed",
		"invalid_scope":           "scopes is wrong; for Gmail it is https://mail.google.com/",
		"unsupported_grant_type":  "the service does not know this grant; check grant and token_endpoint",
		"invalid_request":         "the service does not understand the request; check client_id, the secret and scopes",
		"admin_policy_enforced":   "the organisation's administrator forbids it; let them trust this client in the admin console",
		"org_internal":            "the client is for another organisation; make one in your own",
		"temporarily_unavailable": "the service has trouble for the moment; it is tried again",
		"slow_down":               "the service saw too many requests and asks for a pause; wait some minutes",
	}
}
