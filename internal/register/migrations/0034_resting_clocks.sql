-- The clocks of requests and enquiries rest: nothing of them is due on a day.
UPDATE search_entry SET due_on = '' WHERE kind IN ('service_request', 'enquiry') AND due_on <> '';
